import type { MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';

type Policy = NonNullable<NonNullable<Parameters<typeof secureHeaders>[0]>['contentSecurityPolicy']>;

/** Tells browsers to do nothing with an answer but what the policy allows. */
export const secured = (allowed: Policy = {}): MiddlewareHandler =>
  secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      ...allowed,
    },
    referrerPolicy: 'no-referrer',
    xFrameOptions: 'DENY',
    // what is served without TLS must not ask browsers for it, nor for any other service on this name
    strictTransportSecurity: false,
    // of browsers that are gone, and each costs every answer
    xXssProtection: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xDnsPrefetchControl: false,
    originAgentCluster: false,
  });
