// An OpenID provider for the interoperation tests. It signs the identity tokens
// of a runner's jobs (client_credentials, for the audience that is asked for),
// and exchanges such a token (RFC 8693) for one that the cache takes. It listens on
// PORT.
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import { createLocalJWKSet, jwtVerify } from 'jose'
import Provider from 'oidc-provider'

const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
const cache = 'https://cache.example'
const seconds = Number(process.env.TOKEN_SECONDS)

const issuer = `http://127.0.0.1:${process.env.PORT}`

const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
const jwks = { keys: [{ ...key, kid: 'k', alg: 'RS256', use: 'sig' }] }
const known = createLocalJWKSet({ keys: [{ kty: key.kty, n: key.n, e: key.e, kid: 'k', alg: 'RS256', use: 'sig' }] })
const describe = (audience) => ({
  audience, scope: 'artifact', accessTokenTTL: seconds, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } },
})

const provider = new Provider(issuer, {
  jwks,
  scopes: ['artifact'],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: { enabled: true, getResourceServerInfo: (_, resource) => describe(resource) },
  },
  clients: [
    {
      client_id: 'runner', client_secret: 'runner-secret', grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_post', redirect_uris: [], response_types: [],
    },
    {
      client_id: 'cl_artifact', token_endpoint_auth_method: 'none', grant_types: [exchange],
      redirect_uris: [], response_types: [],
    },
  ],
})

provider.registerGrantType(exchange, async (ctx) => {
  const { subject_token: token, subject_token_type: type, team_id_or_slug: team } = ctx.oidc.params
  try {
    if (type !== 'urn:ietf:params:oauth:token-type:id_token' || team !== 'acme') throw new Error('not for this team')
    await jwtVerify(token, known, { issuer, audience: `${issuer}/token` })
  } catch (err) {
    ctx.status = 400
    ctx.body = { error: 'invalid_grant', error_description: err.message }
    return
  }
  const given = new provider.ClientCredentials({ client: ctx.oidc.client, scope: 'artifact' })
  given.resourceServer = new provider.ResourceServer(cache, describe(cache))
  ctx.oidc.entity('ClientCredentials', given)
  ctx.body = {
    access_token: await given.save(), expires_in: given.expiration, token_type: 'Bearer',
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  }
}, ['subject_token', 'subject_token_type', 'requested_token_type', 'team_id_or_slug', 'policy_id'])

createServer(provider.callback()).listen(process.env.PORT, '127.0.0.1')
