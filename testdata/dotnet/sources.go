// Package dotnet holds the C# program that tests ask what ASP.NET Core does.
// Nothing but tests imports it; README.md in this folder describes the program.
package dotnet

import "embed"

// Sources is the program: every C# file and peer.csproj, in one flat folder.
//
//go:embed *.cs peer.csproj
var Sources embed.FS
