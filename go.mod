module github.com/artifact-cli/artifact

go 1.26

require github.com/gkampitakis/ciinfo v0.3.4
