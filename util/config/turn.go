package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// turnPort is the port that the standard names for TURN.
const turnPort = ":3478"

func turn(c *Config, text string) error {
	if text == "auto" {
		text = turnPort
	}
	return address(func(c *Config) *string { return &c.Turn }, true)(c, text)
}

func turnPublic(c *Config, text string) (err error) {
	if text == "" {
		return nil
	}
	if c.TurnPublic, err = netip.ParseAddr(text); err != nil || c.TurnPublic.IsUnspecified() {
		return fmt.Errorf("%q: want an IP address such as 203.0.113.9", text)
	}
	return nil
}

func turnPorts(c *Config, text string) error {
	from, to, found := strings.Cut(text, "-")
	low, errLow := strconv.ParseUint(from, 10, 16)
	high, errHigh := strconv.ParseUint(to, 10, 16)
	if !found || errLow != nil || errHigh != nil || low < 1024 || high < low {
		return fmt.Errorf("%q: want two ports from 1024 up, such as 49160-49959", text)
	}
	c.TurnPorts = Ports{From: uint16(low), To: uint16(high)}
	return nil
}
