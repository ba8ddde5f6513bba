// Package verify proves what a server promises about delivery, or shows where it
// does not keep it: users with several devices each talk to one another and in
// groups, while the server is killed, frozen and restarted and the network is
// made bad; each client writes down what it sent, was told and showed; and what
// is written down is judged. It imports the client and the model, and no package
// of the server.
//
//	o := verify.Defaults()
//	o.Server = &verify.Server{Command: []string{"./hongyan"}, Data: folder}
//	o.Faults = []verify.Injection{verify.Kill(50)}
//	verdict, path, err := verify.Run(ctx, o) // err: the run itself failed
//	if err == nil {
//		err = verdict.Err() // ErrBroken, ErrVoid or nil
//	}
//	verdict.Print(os.Stdout)
//
// A fault of one's own is an Injection: a name, how often it has to happen, and
// a function that makes it and returns when it is over. It gets a Target with
// the Child, which it may Kill, Freeze, Thaw, Terminate and Start (on the same
// data folder, at another port: clients are told), and the Proxy if the Options
// ask for the Network. While it runs, and until the first message after it,
// nothing has to be acknowledged; what was acknowledged before has to be there
// for ever. Against a server or a cluster that runs already there are Addresses
// instead of a Server; faults then bring their own means.
//
// Judge alone judges a history that was recorded before. A history is one JSON
// object a line, an Event; its words are the constants of this package.
package verify
