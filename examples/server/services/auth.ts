/** auth.AuthService: a name and a password against a token. */
import { type Metadata, status, type UntypedServiceImplementation } from '@grpc/grpc-js'
import { unary } from '../handlers.js'
import { timestampOf } from '../schema.js'
import type { Sessions, User } from '../sessions.js'
import { StatusError } from '../status-error.js'

interface LoginRequest {
  user: string
  password: string
}

const scheme = 'Bearer '

/**
 * Who makes a call, by its `authorization: Bearer TOKEN` metadata.
 *
 * @throws {StatusError} UNAUTHENTICATED
 */
export function callerOf(metadata: Metadata, sessions: Sessions): User {
  const [value] = metadata.get('authorization')
  if (typeof value !== 'string' || !value.startsWith(scheme)) {
    throw new StatusError(status.UNAUTHENTICATED, 'authorization metadata with a Bearer token is missing')
  }
  const user = sessions.userOf(value.slice(scheme.length))
  if (user === undefined) throw new StatusError(status.UNAUTHENTICATED, 'the token is unknown or has expired')
  return user
}

/** The methods of auth.AuthService. */
export function authService(sessions: Sessions): UntypedServiceImplementation {
  return {
    Login: unary((request: LoginRequest) => {
      const session = sessions.open(request.user, request.password)
      if (session === undefined) throw new StatusError(status.UNAUTHENTICATED, 'wrong user or password')
      return { token: session.token, expires_at: timestampOf(session.expiresAtMs) }
    }),
  }
}
