// Package readmetest keeps the documents true: it runs what README.md tells
// people to type, builds the program that it shows, works out the bytes of
// docs/FORMAT.md, and follows the links.
package readmetest
