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
func writeRequest(w *bytes.Buffer, req *http.Request) error {
	for _, text := range [...]string{req.Method, " ", req.URL.RequestURI(), " HTTP/1.1\r\nHost: ", cmp.Or(req.Host, req.URL.Host), "\r\n"} {
		w.WriteString(text)
	}
	for name, values := range req.Header {
		for _, value := range values {
			if err := writeHeader(w, name, value); err != nil {
				return err
			}
		}
	}
	for name, value := range lateHeadersOf(req) {
		if err := writeHeader(w, name, value); err != nil {
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
	w.Grow(int(req.ContentLength))
	body := w.AvailableBuffer()[:req.ContentLength]
	if _, err := io.ReadFull(req.Body, body); err != nil {
		return err
	}
	w.Write(body) // which is there already
	return nil
}

func writeHeader(w *bytes.Buffer, name, value string) error {
	if !isHeaderText(name) || !isHeaderText(value) {
		return fmt.Errorf("the header %q cannot be sent", name)
	}
	for _, text := range [...]string{name, ": ", value, "\r\n"} {
		w.WriteString(text)
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
