package store_test

import (
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/store"
)

func TestParseBucket(t *testing.T) {
	t.Parallel()
	type address struct {
		bucket, prefix, endpoint, region string
		plain                            bool
	}
	for text, want := range map[string]address{
		"s3://abc":                                  {bucket: "abc"},
		"s3://abc/":                                 {bucket: "abc"},
		"S3://my.bucket-1/a":                        {bucket: "my.bucket-1", prefix: "a/"},
		"s3://abc/a/b.c_d/?region=eu-central-1":     {bucket: "abc", prefix: "a/b.c_d/", region: "eu-central-1"},
		"s3://abc/%28x%29":                          {bucket: "abc", prefix: "(x)/"},
		"s3://abc?endpoint=https://s3.example.test": {bucket: "abc", endpoint: "https://s3.example.test"},
		"s3://abc?endpoint=https%3A%2F%2Fs3.b%C3%BCcher.test%3A9000%2F":    {bucket: "abc", endpoint: "https://s3.xn--bcher-kva.test:9000"},
		"s3://abc?endpoint=http://minio:9000":                              {bucket: "abc", endpoint: "http://minio:9000", plain: true},
		"s3://abc?endpoint=http://10.0.0.1:9000":                           {bucket: "abc", endpoint: "http://10.0.0.1:9000", plain: true},
		"s3://abc?endpoint=http://localhost.example.test":                  {bucket: "abc", endpoint: "http://localhost.example.test", plain: true},
		"s3://abc?endpoint=http://127.0.0.2:9000&region=x":                 {bucket: "abc", endpoint: "http://127.0.0.2:9000", region: "x"},
		"s3://abc?endpoint=http://[::1]:9000":                              {bucket: "abc", endpoint: "http://[::1]:9000"},
		"s3://abc?endpoint=http://localhost:9000":                          {bucket: "abc", endpoint: "http://localhost:9000"},
		"s3://" + strings.Repeat("b", 63) + "/" + strings.Repeat("p", 512): {bucket: strings.Repeat("b", 63), prefix: strings.Repeat("p", 512) + "/"},
	} {
		got, err := store.ParseBucket(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		shown := address{bucket: got.Bucket, prefix: got.Prefix, region: got.Region, plain: got.IsPlain()}
		if got.Endpoint != nil {
			shown.endpoint = got.Endpoint.String()
		}
		if shown != want {
			t.Errorf("%s: %+v, want %+v", text, shown, want)
		}
	}
}

func TestParseBucketRefuses(t *testing.T) {
	t.Parallel()
	const form = "it must have the form s3://BUCKET/PREFIX?endpoint=URL&region=REGION"
	for text, want := range map[string]string{
		"":                                       form,
		"bucket":                                 form,
		"s3:bucket":                              form,
		"https://bucket/x":                       form,
		"s3://bad%zz/x":                          form,
		"s3://KEY:SECRET@abc":                    "it must not contain keys; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
		"s3://@abc":                              "it must not contain keys; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
		"s3://abc/x#y":                           "it must not contain #",
		"s3://abc/x#":                            "it must not contain #",
		"s3://":                                  `"" is not the name of a bucket: Bucket name cannot be empty`,
		"s3:///x":                                `"" is not the name of a bucket: Bucket name cannot be empty`,
		"s3://ab":                                `"ab" is not the name of a bucket: Bucket name cannot be shorter than 3 characters`,
		"s3://ABC":                               `"ABC" is not the name of a bucket: Bucket name contains invalid characters`,
		"s3://abc:80":                            `"abc:80" is not the name of a bucket: Bucket name contains invalid characters`,
		"s3://127.0.0.1/x":                       `"127.0.0.1" is not the name of a bucket: Bucket name cannot be an ip address`,
		"s3://a..b/x":                            `"a..b" is not the name of a bucket: Bucket name contains invalid characters`,
		"s3://abc/a//b":                          `its prefix "a//b" has a part ""`,
		"s3://abc//":                             `its prefix "/" has a part ""`,
		"s3://abc/..":                            `its prefix ".." has a part ".."`,
		"s3://abc/a/%2e%2e/b":                    `its prefix "a/../b" has a part ".."`,
		"s3://abc/./a":                           `its prefix "./a" has a part "."`,
		"s3://abc/a%20b":                         `its prefix "a b" has a character other than letters, digits and / ! - _ . * ' ( )`,
		"s3://abc/ä":                             `its prefix "ä" has a character other than letters, digits and / ! - _ . * ' ( )`,
		"s3://abc/a%0ab":                         `its prefix "a\nb" has a character other than letters, digits and / ! - _ . * ' ( )`,
		"s3://abc/" + strings.Repeat("p", 513):   "its prefix has 513 bytes; at most 512 are allowed",
		"s3://abc?profile=x":                     `unknown parameter "profile"; there are endpoint and region`,
		"s3://abc?Region=x":                      `unknown parameter "Region"; there are endpoint and region`,
		"s3://abc?region=a&region=b":             "it gives region more than once",
		"s3://abc?region=":                       "its region is empty",
		"s3://abc?region=a/b":                    `"a/b" is not a region`,
		"s3://abc?region=%zz":                    "its query is not encoded correctly",
		"s3://abc?endpoint=":                     "its endpoint is empty",
		"s3://abc?endpoint=minio:9000":           "its endpoint must be a URL such as https://s3.example.com:9000",
		"s3://abc?endpoint=ftp://minio":          "its endpoint must be a URL such as https://s3.example.com:9000",
		"s3://abc?endpoint=https://":             "its endpoint must be a URL such as https://s3.example.com:9000",
		"s3://abc?endpoint=https://KEY:SECRET@m": "its endpoint must be a URL without user, path, query and fragment",
		"s3://abc?endpoint=https://minio/path":   "its endpoint must be a URL without user, path, query and fragment",
		"s3://abc?endpoint=https://minio%3Fx=1":  "its endpoint must be a URL without user, path, query and fragment",
		"s3://abc?endpoint=https://minio%3A99999": "its endpoint: its port is not a number from 0 to 65535",
		"s3://abc?endpoint=https://%C2%AD":        "its endpoint: its host is not a valid name or address",
	} {
		got, err := store.ParseBucket(text)
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, %v, want %s", text, got, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "SECRET") && !strings.Contains(err.Error(), "AWS_SECRET") {
			t.Errorf("%s: the error shows the secret: %v", text, err)
		}
	}
}
