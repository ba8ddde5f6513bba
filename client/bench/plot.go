package bench

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// Sizes of the picture, in its own units.
const (
	plotWidth, plotHeight = 720, 420
	plotLeft, plotTop     = 64, 24
	plotRight, plotBottom = 200, 48
)

// plot draws latencies over the share of messages that stayed below, each nine
// more taking as much room as the one before, so that the tail shows.
func (r *Report) plot() string {
	var curves []*Result
	lowest, highest := math.Inf(1), 0.0
	for _, one := range r.medians() {
		if one.latencies != nil && one.latencies.count() > 1 {
			curves = append(curves, one)
			lowest, highest = min(lowest, max(millis(one.latencies.at(0)), .01)), max(highest, millis(one.latencies.max))
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", plotWidth, plotHeight)
	if len(curves) > 0 {
		a := axes{low: math.Floor(math.Log10(lowest)), high: max(math.Ceil(math.Log10(highest)), math.Floor(math.Log10(lowest))+1)}
		a.draw(&b)
		for i, one := range curves {
			a.curve(&b, i, one)
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// axes turn a share and milliseconds into places; low and high are powers of ten.
type axes struct{ low, high float64 }

// nines is how far the picture goes: 99.999 %.
const nines = 5

func (axes) x(share float64) float64 {
	n := min(-math.Log10(max(1-share, 1e-9)), nines)
	return plotLeft + n/nines*(plotWidth-plotLeft-plotRight)
}

func (a axes) y(ms float64) float64 {
	part := (math.Log10(max(ms, 1e-6)) - a.low) / (a.high - a.low)
	return plotHeight - plotBottom - max(part, 0)*(plotHeight-plotBottom-plotTop)
}

func (a axes) draw(b *strings.Builder) {
	const line = `<path d="M%.1f %.1fL%.1f %.1f" stroke="#ddd"/>` + "\n"
	bottom, right := float64(plotHeight-plotBottom), float64(plotWidth-plotRight)
	for _, share := range []string{"0", "0.9", "0.99", "0.999", "0.9999", "0.99999"} {
		var value float64
		_, _ = fmt.Sscan(share, &value) // a number, as one sees
		x := a.x(value)
		fmt.Fprintf(b, line, x, float64(plotTop), x, bottom)
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="middle">%g %%</text>`+"\n", x, bottom+16, math.Round(value*1e7)/1e5)
	}
	for power := a.low; power <= a.high; power++ {
		y := a.y(math.Pow(10, power))
		fmt.Fprintf(b, line, float64(plotLeft), y, right, y)
		fmt.Fprintf(b, `<text x="%d" y="%.1f" text-anchor="end">%g ms</text>`+"\n", plotLeft-6, y+4, math.Pow(10, power))
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%d" text-anchor="middle">share of messages that took no longer</text>`+"\n", (plotLeft+right)/2, plotHeight-10)
}

// curve draws one result and names it.
func (a axes) curve(b *strings.Builder, i int, one *Result) {
	const steps = 60
	color := fmt.Sprintf("hsl(%d 70%% 40%%)", i*137%360) // the golden angle keeps neighbours apart
	fmt.Fprintf(b, `<path fill="none" stroke="%s" stroke-width="1.5" d="`, color)
	letter := 'M'
	for step := range steps + 1 {
		share := 1 - math.Pow(10, -float64(step)/steps*nines)
		fmt.Fprintf(b, "%c%.1f %.1f", letter, a.x(share), a.y(millis(one.latencies.at(share))))
		letter = 'L'
	}
	b.WriteString(`"/>` + "\n")
	y := plotTop + 8 + 15*i
	name := html.EscapeString(strings.TrimSpace(one.Test + " " + one.Server + " " + one.Load))
	fmt.Fprintf(b, `<text x="%d" y="%d" fill="%s">%s</text>`+"\n", plotWidth-plotRight+10, y, color, name)
}
