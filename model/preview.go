package model

// Preview is what a web page says of itself; Pic is a picture on this server.
type Preview struct {
	URL   string `json:"url"`
	Host  string `json:"host"`
	Title string `json:"title"`
	Note  string `json:"note"`
	Pic   string `json:"pic,omitempty"`
}
