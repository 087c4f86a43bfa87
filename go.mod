module github.com/artifact-cli/artifact

go 1.26
