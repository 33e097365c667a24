# The build has a compiler and every dependency; the image has the binary and the certificates of the web.
FROM rust:1.95-slim-bookworm AS build
WORKDIR /build
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --profile dist --locked --bin rekindle && cp target/dist/rekindle /rekindle

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /var/lib/rekindle rekindle
COPY --from=build /rekindle /usr/local/bin/rekindle
COPY LICENSE-MIT LICENSE-APACHE /usr/share/doc/rekindle/

# SQLite's file, where no other database is configured, is here.
WORKDIR /var/lib/rekindle
VOLUME /var/lib/rekindle
USER 10001

# Within a container loopback reaches nobody; publish 8701 to operators only.
ENV REKINDLE_LISTEN__PUBLIC=0.0.0.0:8700 \
    REKINDLE_LISTEN__INTERNAL=0.0.0.0:8701
EXPOSE 8700 8701

HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8701 && printf 'GET /readyz HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]

# Rekindle stops softly within its grace of 25 s; `docker stop` waits 10 s unless told otherwise.
STOPSIGNAL SIGTERM
ENTRYPOINT ["rekindle"]
CMD ["serve"]
