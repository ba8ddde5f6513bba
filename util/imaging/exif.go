package imaging

import (
	"bytes"
	"encoding/binary"
)

// The parts of a TIFF block that matter here.
const (
	tagOrientation = 0x0112
	typeShort      = 3
	entryLength    = 12
)

// exifHeader precedes the TIFF block in a JPEG, and in some WebP files.
const exifHeader = "Exif\x00\x00"

// orientation finds the orientation in a TIFF block; 1 if it says none.
func orientation(block []byte) int {
	block = bytes.TrimPrefix(block, []byte(exifHeader))
	order := byteOrder(block)
	if order == nil {
		return 1
	}
	at := int64(order.Uint32(block[4:]))
	if at+2 > int64(len(block)) {
		return 1
	}
	entries := int(order.Uint16(block[at:]))
	for rest := block[at+2:]; entries > 0 && len(rest) >= entryLength; entries-- {
		if order.Uint16(rest) == tagOrientation && order.Uint16(rest[2:]) == typeShort {
			if o := int(order.Uint16(rest[8:])); o >= 1 && o <= 8 {
				return o
			}
			return 1
		}
		rest = rest[entryLength:]
	}
	return 1
}

func byteOrder(block []byte) byteOrdering {
	switch {
	case len(block) < 8:
		return nil
	case string(block[:4]) == "II*\x00":
		return binary.LittleEndian
	case string(block[:4]) == "MM\x00*":
		return binary.BigEndian
	}
	return nil
}

// orientationBlock is a TIFF block that tells an orientation and nothing else.
func orientationBlock(orientation int) []byte {
	return []byte{
		'M', 'M', 0, '*', 0, 0, 0, 8, // header: the directory follows
		0, 1, // one entry
		tagOrientation >> 8, tagOrientation & 0xff, 0, typeShort, 0, 0, 0, 1, 0, byte(orientation), 0, 0,
		0, 0, 0, 0, // no further directory
	}
}
