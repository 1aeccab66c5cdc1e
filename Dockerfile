# syntax=docker/dockerfile:1
# Node's last release of this line, with which the tests have run. Name another, and its digest, with
# --build-arg NODE_IMAGE=node:…@sha256:…
ARG NODE_IMAGE=node:20.20.2-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No package needs its install scripts for this, so none may run any.
RUN npm ci --include=dev --ignore-scripts
COPY tsconfig.json tsconfig.build.json tsconfig.package.json sources.config.ts ./
COPY rabbitmq ./rabbitmq
COPY relay ./relay
COPY demo ./demo
COPY web ./web
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="stomp-relay" \
  org.opencontainers.image.description="An authenticating STOMP-over-WebSocket relay in front of RabbitMQ" \
  org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production RELAY_HOST=0.0.0.0 RELAY_PORT=8080
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist/relay ./dist/relay
COPY --from=build /app/dist/web ./dist/web
COPY relay/access.example.yaml ./relay/access.example.yaml
# The image's own user "node", by number: Kubernetes cannot tell from a name that it is not root. The relay writes no file, so
# the root file system may be read-only.
USER 1000:1000
EXPOSE 8080
# What the relay leaves in order on; it needs no init, also as the first process.
STOPSIGNAL SIGTERM
# Not /readyz: whoever starts unhealthy containers anew must not do so because the broker is away. The relay does not listen
# before it has been ready once. Over TLS the certificate is for another name than the one that is asked here.
HEALTHCHECK --interval=10s --timeout=3s --start-period=40s --retries=3 \
  CMD ["node", "-e", "require(process.env.RELAY_TLS_CERT ? 'node:https' : 'node:http').get({ host: '127.0.0.1', port: process.env.RELAY_PORT, path: '/healthz', rejectUnauthorized: false }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
CMD ["node", "dist/relay/src/main.js"]
