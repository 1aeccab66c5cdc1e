# syntax=docker/dockerfile:1
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=dev
COPY tsconfig.json tsconfig.build.json tsconfig.package.json sources.config.ts ./
COPY relay ./relay
COPY rabbitmq ./rabbitmq
COPY demo ./demo
COPY bench ./bench
COPY torture ./torture
COPY fuzz ./fuzz
COPY soak ./soak
COPY web ./web
RUN npm run build && npm prune --omit=dev

FROM node:20-bookworm-slim
ENV NODE_ENV=production RELAY_HOST=0.0.0.0 RELAY_PORT=8080
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist/relay ./dist/relay
COPY --from=build /app/dist/web ./dist/web
COPY relay/access.example.yaml ./relay/access.example.yaml
# The image's own unprivileged user; the relay writes no file.
USER node
EXPOSE 8080
# Over TLS the certificate is for another name than the one that is asked here.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "require(process.env.RELAY_TLS_CERT ? 'node:https' : 'node:http').get({ host: '127.0.0.1', port: process.env.RELAY_PORT, path: '/healthz', rejectUnauthorized: false }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
CMD ["node", "dist/relay/src/main.js"]
