package sniff

// kind is what we know of a media type.
type kind struct {
	mediaType string
	extension string
	inline    bool // a browser shows it in place and runs nothing that it holds
}

// kinds is the fixed list of types that are served under their own name. What
// is not in it is served as Binary.
func kinds() []kind {
	return []kind{
		{"image/jpeg", "jpg", true},
		{"image/png", "png", true},
		{"image/gif", "gif", true},
		{"image/webp", "webp", true},
		{MP4, "mp4", true},
		{"video/webm", "webm", true},
		{"video/ogg", "ogv", true},
		{M4A, "m4a", true},
		{"audio/webm", "weba", true},
		{"audio/ogg", "ogg", true},
		{"audio/mpeg", "mp3", true},
		{"audio/aac", "aac", true},
		{"audio/wav", "wav", true},
		{QuickTime, "mov", false},
		{"video/x-matroska", "mkv", false},
		{"audio/flac", "flac", false},
		{"audio/amr", "amr", false},
		{HEIC, "heic", false},
		{AVIF, "avif", false},
		{TIFF, "tiff", false},
		{"image/bmp", "bmp", false},
		{"image/vnd.adobe.photoshop", "psd", false},
		{"application/pdf", "pdf", false},
		{"application/zip", "zip", false},
		{"application/x-gzip", "gz", false},
		{"application/epub+zip", "epub", false},
		{"text/plain", "txt", false},
		{"application/vnd.oasis.opendocument.text", "odt", false},
		{"application/vnd.oasis.opendocument.spreadsheet", "ods", false},
		{"application/vnd.oasis.opendocument.presentation", "odp", false},
		{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx", false},
		{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", false},
		{"application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx", false},
	}
}

func lookup(mediaType string) (kind, bool) {
	for _, k := range kinds() {
		if k.mediaType == mediaType {
			return k, true
		}
	}
	return kind{}, false
}

// Inline tells whether a browser may show the type in place: pictures, sounds
// and films that cannot run anything. Everything else is to be downloaded.
func Inline(mediaType string) bool {
	k, _ := lookup(mediaType)
	return k.inline
}

// Served gives the type under which a file may be served: its own if it is
// known to be passive, else Binary.
func Served(mediaType string) string {
	if _, ok := lookup(mediaType); ok {
		return mediaType
	}
	return Binary
}

// Extension gives the usual ending of a name, without the dot.
func Extension(mediaType string) string {
	if k, ok := lookup(mediaType); ok {
		return k.extension
	}
	return "bin"
}
