// Package e2e drives the product in a real browser. It is a module of its own,
// so that the product needs none of what drives the browser, and knows nothing
// of the product but its program, its pages and its wire contract.
package e2e
