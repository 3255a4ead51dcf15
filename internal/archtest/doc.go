// Package archtest holds the architecture's rules as tests: who may import whom,
// one gate for each third party, who may touch files, clocks and logs, and how
// large a file may grow. A rule that fails says where the code belongs instead.
//
// A rule that has become wrong is changed here, in the commit that needs it,
// with its reason. Every rule carries source text that breaks it, and a test
// that it is noticed.
package archtest
