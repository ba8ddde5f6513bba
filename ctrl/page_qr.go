package ctrl

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"hongyan/model"

	"github.com/boombuler/barcode/qr"
)

// quietModules is the blank border that readers need around a code.
const quietModules = 4

// qr draws the code of a good link (?join=TOKEN) or of the reader's own card
// (?u): nothing else, so that nobody has this site vouch for an address.
func (p *pages) qr(w http.ResponseWriter, r *request) error {
	if r.Session == nil {
		return model.Fail(model.CodeUnauthenticated)
	}
	path := cardPath + strconv.FormatInt(r.UserID(), 10)
	if query := r.URL.Query(); !query.Has("u") {
		token := query.Get("join")
		if _, err := p.Communities.Invitation(r.Context(), r.UserID(), token); err != nil {
			return err
		}
		path = joinPath + token
	}
	picture, err := drawCode(siteOf(r.Request) + path)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "image/svg+xml")
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(picture)) // who is gone cannot be told
	return nil
}

// drawCode makes the SVG of a QR code, dark on light whatever the theme: many
// readers know no other.
func drawCode(text string) (string, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", fmt.Errorf("qr code: %w", err)
	}
	side := code.Bounds().Dx()
	var dots strings.Builder
	for y := range side {
		for x := 0; x < side; x++ {
			from := x
			for x < side {
				if level, _, _, _ := code.At(x, y).RGBA(); level != 0 {
					break
				}
				x++
			}
			if x > from {
				fmt.Fprintf(&dots, "M%d %dh%dv1h-%dz", from+quietModules, y+quietModules, x-from, x-from)
			}
		}
	}
	whole := side + 2*quietModules
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`,
		whole*8, whole*8, whole, whole, whole, whole, dots.String()), nil
}
