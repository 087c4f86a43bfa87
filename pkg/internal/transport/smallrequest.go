package transport

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// writeRequest writes a request (RFC 9112) with its headers, and the late ones,
// as they are.
func writeRequest(w *bytes.Buffer, req *http.Request, late http.Header) error {
	for _, text := range []string{req.Method, " ", req.URL.RequestURI(), " HTTP/1.1\r\nHost: ", cmp.Or(req.Host, req.URL.Host), "\r\n"} {
		w.WriteString(text)
	}
	for _, header := range []http.Header{req.Header, late} {
		if err := writeHeader(w, header); err != nil {
			return err
		}
	}
	if req.Body != nil || req.Method == http.MethodPut || req.Method == http.MethodPost {
		w.WriteString("Content-Length: ")
		w.Write(strconv.AppendInt(w.AvailableBuffer(), req.ContentLength, 10))
		w.WriteString("\r\n")
	}
	w.WriteString("\r\n")
	if req.Body == nil {
		return nil
	}
	w.Grow(int(req.ContentLength) + bytes.MinRead) // else it is read in small pieces
	n, err := w.ReadFrom(io.LimitReader(req.Body, req.ContentLength))
	if err == nil && n < req.ContentLength {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func writeHeader(w *bytes.Buffer, header http.Header) error {
	for name, values := range header {
		for _, value := range values {
			if !isHeaderText(name) || !isHeaderText(value) {
				return fmt.Errorf("the header %q cannot be sent", name)
			}
			w.WriteString(name)
			w.WriteString(": ")
			w.WriteString(value)
			w.WriteString("\r\n")
		}
	}
	return nil
}

// isHeaderText tells whether text cannot end a header.
func isHeaderText(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
