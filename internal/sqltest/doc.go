// Package sqltest holds the tests of package xmlrepo/sqlrepo, over real servers. It
// has nothing but tests.
//
// They are not beside the package because of what they import: whoever tidies a
// module fetches the tests of the packages he imports, and the drivers of these
// tests are five times what a program with one database needs.
package sqltest
