// Package dotnet holds the C# program that tests ask what ASP.NET Core does.
// Nothing but tests imports it; README.md in this folder describes the program.
package dotnet

import "embed"

// Sources is the program: every C# file and peer.csproj, in one flat folder.
//
//go:embed *.cs peer.csproj
var Sources embed.FS

// StoreSources is what the program lacks for stores other than directories, in
// the folder stores. It wants the clients that [StoreAssemblies] names.
//
//go:embed stores/*.cs
var StoreSources embed.FS

// StoreAssemblies are the files of the clients. peer.csproj names their packages.
func StoreAssemblies() []string {
	return []string{"Npgsql.dll", "MySqlConnector.dll", "StackExchange.Redis.StrongName.dll"}
}
