// Uses a cache through @vercel/sdk: uploads, asks and downloads. It prints what
// came back, a line of JSON for each call.
import { randomUUID } from 'node:crypto'
import { Vercel } from '@vercel/sdk'

const artifacts = new Vercel({ serverURL: process.env.TURBO_API, bearerToken: process.env.TURBO_TOKEN }).artifacts
const team = { teamId: 'team_abc', slug: 'abc' }
const artifact = { hash: 'de0e2b9afd5fe834', ...team }
const bytes = new TextEncoder().encode('{"no": "JSON"')

async function call(name, ...args) {
  const answer = await artifacts[name](...args)
  const text = answer instanceof ReadableStream ? await new Response(answer).text() : answer ?? null
  console.log(JSON.stringify({ [name]: text }))
}

await call('status', team)
await call('uploadArtifact', {
  ...artifact, contentLength: bytes.length, requestBody: bytes,
  xArtifactDuration: 12.5, xArtifactTag: '', xArtifactDirtyHash: '', xArtifactSha: 'abc', xArtifactClientInteractive: 0,
})
await call('artifactExists', artifact)
await call('downloadArtifact', artifact)
await call('artifactQuery', { ...team, requestBody: { hashes: [artifact.hash, 'abcd'] } })
await call('recordEvents', {
  ...team, requestBody: [{ sessionId: randomUUID(), source: 'REMOTE', event: 'HIT', hash: artifact.hash, duration: 1.5 }],
})
await call('downloadArtifact', { hash: 'abcd' }).catch((err) => console.log(err.statusCode))

// What is refused: other bytes by a cache that is write-once, and a token that may only read.
const other = { ...artifact, contentLength: 3, requestBody: new TextEncoder().encode('new') }
const reader = new Vercel({ serverURL: process.env.TURBO_API, bearerToken: process.env.READ_TOKEN }).artifacts
for (const cache of [artifacts, reader]) {
  await cache.uploadArtifact(other).catch((err) => console.log(err.statusCode, JSON.parse(err.body).code))
}
