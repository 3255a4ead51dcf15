// Package cookies keeps people signed in across ASP.NET Core and Go.
package cookies
