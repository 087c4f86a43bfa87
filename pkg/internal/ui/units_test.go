package ui

import (
	"errors"
	"math"
	"testing"
	"time"
)

func TestSize(t *testing.T) {
	t.Parallel()
	for bytes, want := range map[int64]string{
		-1: "0 B", 0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 12_897_485: "12.3 MiB", 100 << 20: "100.0 MiB",
		1<<20 - 1: "1.0 MiB", 1<<20 - 60: "1023.9 KiB", 1 << 30: "1.0 GiB", math.MaxInt64: "8.0 EiB",
	} {
		if got := Size(bytes); got != want {
			t.Errorf("Size(%d) = %q, want %q", bytes, got, want)
		}
	}
	if got, want := Rate(3.1*1024*1024), "3.1 MiB/s"; got != want {
		t.Errorf("Rate = %q, want %q", got, want)
	}
	if n, size := sizesOf(5<<10, 700<<20); n != "0.0" || size != "700.0 MiB" {
		t.Errorf("sizesOf = %q, %q", n, size)
	}
}

func TestDuration(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 499 * time.Millisecond: "0s", 28 * time.Second: "28s", 59500 * time.Millisecond: "1m00s",
		62 * time.Second: "1m02s", time.Hour: "1h00m00s", 100*time.Hour + 62*time.Second: "100h01m02s",
	} {
		if got := Duration(d); got != want {
			t.Errorf("Duration(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestParseSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"0": 0, "512": 512, "512B": 512, "10K": 10 << 10, "10k": 10 << 10, "10M": 10 << 20, "1.5G": 3 << 29, "2T": 2 << 40,
		"10MiB": 10 << 20, "12.5 MiB": 25 << 19, "7E": 7 << 60, "0.3": 0,
	} {
		if got, err := ParseSize(text); got != want || err != nil {
			t.Errorf("ParseSize(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "M", "-1", "+1", "1e3", "0x10", "Inf", "NaN", "10MB", "10iB", "10  M", "1.2.3", "8E", "9999999999999999999", "10M/s", "ten", "1_000", "10KM"} {
		if got, err := ParseSize(text); !errors.Is(err, ErrSize) {
			t.Errorf("ParseSize(%q) = %d, %v; want an ErrSize", text, got, err)
		}
	}
}
