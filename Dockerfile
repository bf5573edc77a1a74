# The server as a container image: the program, its client (for the health check), the shared libraries they need, and
# nothing else: no shell, no package manager, no writable file.
#
#   docker build -t rectifier .                                    the server; mount models at /models
#   docker build -t rectifier:samples --target with-samples .      the same with examples/models at /models
#
# The default image carries no model on purpose: a model is data with a life of its own, and a server that starts with
# somebody else's samples answers "ready" when its own models were forgotten.

FROM debian:trixie-slim AS build
WORKDIR /src
# First what changes seldom, so that editing a source file does not install the packages again.
COPY tools/packages.txt tools/setup.sh tools/
RUN tools/setup.sh build
COPY . .
RUN cmake --preset release -DRECTIFIER_BUILD_TESTS=OFF -DCMAKE_INSTALL_PREFIX=/usr \
    && cmake --build --preset release \
    && DESTDIR=/stage cmake --install build/release --component runtime --strip \
    && DESTDIR=/stage cmake --install build/release --component client --strip \
    && tools/rootfs.sh /stage/usr/bin /rootfs

FROM scratch AS runtime
LABEL org.opencontainers.image.title="Rectifier" \
      org.opencontainers.image.description="gRPC model server for networks with LeakyReLU and PReLU, on CPUs" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /rootfs/ /
# In a container the only way in is the published port, so listening on every address is the safe default here.
ENV RECTIFIER_HOST=0.0.0.0 \
    RECTIFIER_MODEL_REPOSITORY=/models
USER 65532:65532
EXPOSE 8001 8002
# Kubernetes asks the HTTP port instead; Docker can only run a program of the image.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["/usr/bin/rectifier-client", "ready", "--server", "127.0.0.1:8001"]
# The server drains by itself on SIGTERM, the signal that a stop sends.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/rectifier"]
CMD ["serve"]

FROM runtime AS with-samples
COPY examples/models /models

# The last stage is what a build without --target gives.
FROM runtime
