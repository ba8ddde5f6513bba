package verify

// member is a change of who is in a conversation; while it is under way nobody
// can say.
func (j *judge) member(e *Event) {
	t := j.talk(e.Conv)
	s := j.seat(e.User, t)
	s.since = e.T
	switch e.What {
	case Joining:
		s.unsure, s.began = true, e.T
	case Leaving:
		s.unsure = true
	case Join:
		s.in, s.unsure = true, false
	case Leave:
		s.in, s.unsure = false, false
	}
}

// socket is the coming and going of a device's connection.
func (j *judge) socket(e *Event) {
	d := j.device(e.Dev)
	within := int64(0)
	if j.terms != nil {
		within = j.terms.HoleMicros
	}
	switch e.What {
	case Conn:
		who := j.person(e.User)
		if d.user == 0 {
			d.user = e.User
			who.devices = append(who.devices, d.id)
		}
		d.left, d.node = false, e.Name
		d.sockets++
		clear(d.seen)
		for _, p := range d.places {
			p.live = 0
		}
		if who.sockets++; who.sockets == 1 {
			who.since, who.sure = e.T, true
		}
	case Disc:
		d.left = e.Code == clean
		for _, p := range d.places {
			p.heal(e.T, within)
		}
		who := j.person(d.user)
		if who.sockets--; who.sockets == 0 {
			who.since, who.sure = e.T, e.Code == clean
		}
	case Resync:
		for t, p := range d.places {
			if e.Conv == "" || t.name == e.Conv {
				p.heal(e.T, within)
			}
		}
	}
}

// present compares what a device believes of a user with what is so.
func (j *judge) present(e *Event) {
	who := j.person(e.User)
	if online := who.sockets > 0; who.sure && e.T-who.since > presenceTime.Microseconds() && online != (e.N > 0) {
		j.broken("I11", "device %d believes that user %d is online: %v; for %.1f s it has been otherwise",
			e.Dev, e.User, e.N > 0, float64(e.T-who.since)/1e6)
	}
}
