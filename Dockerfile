# The image of artifact: the program, the certificates of public authorities, and a
# directory for a cache. docs/serve.md shows how to run it.
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src
COPY . .
ARG TARGETARCH
RUN CGO_ENABLED=0 GOARCH=$TARGETARCH go build -ldflags='-s -w' -o /out/artifact ./cmd/artifact \
  && install -d -o 65532 -g 65532 /out/cache

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/artifact /artifact
# A new volume gets the owner of the directory that it is mounted on.
COPY --from=build --chown=65532:65532 /out/cache /var/cache/artifact
VOLUME /var/cache/artifact
USER 65532:65532
# serve stores artifacts in the directory artifact in here.
ENV XDG_CACHE_HOME=/var/cache
ENV ARTIFACT_LISTEN=:8080
EXPOSE 8080
ENTRYPOINT ["/artifact"]
CMD ["serve"]
