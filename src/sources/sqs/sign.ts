import { createHmac, hash } from 'node:crypto';

/** What signs a request. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** One call of SQS's JSON protocol, about to be sent. */
export interface Unsigned {
  /** With the port, where it is not the protocol's own. */
  readonly host: string;
  readonly path: string;
  readonly region: string;
  /** Such as `AmazonSQS.ReceiveMessage`. */
  readonly target: string;
  readonly payload: string;
  readonly credentials: Credentials;
  readonly date: Date;
}

const CONTENT_TYPE = 'application/x-amz-json-1.0';
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

/** The last key derived: it changes once a day, or when the credentials do. */
let derived: { readonly from: string; readonly key: Buffer } | undefined;

function signingKey(secret: string, day: string, region: string): Buffer {
  const from = `${secret} ${day} ${region}`;
  if (derived?.from !== from) {
    derived = { from, key: hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), 'sqs'), 'aws4_request') };
  }
  return derived.key;
}

/**
 * The headers of a POST to SQS, signed with AWS Signature Version 4
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
 */
export function signedHeaders(call: Unsigned): Record<string, string | number> {
  const { host, path, region, target, payload, credentials, date } = call;
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const time = date.toISOString().replace(/[-:]|\.\d+/g, '');
  const day = time.slice(0, 8);
  const scope = `${day}/${region}/sqs/aws4_request`;
  // In alphabetical order, as the signature requires.
  const [tokenLine, tokenName] = sessionToken
    ? [`x-amz-security-token:${sessionToken}\n`, 'x-amz-security-token;']
    : ['', ''];
  const headers = `content-type:${CONTENT_TYPE}\nhost:${host}\nx-amz-date:${time}\n${tokenLine}x-amz-target:${target}\n`;
  const names = `content-type;host;x-amz-date;${tokenName}x-amz-target`;
  const request = `POST\n${path}\n\n${headers}\n${names}\n${hash('sha256', payload)}`;
  const toSign = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash('sha256', request)}`;
  const signature = hmac(signingKey(secretAccessKey, day, region), toSign).toString('hex');
  const signed: Record<string, string | number> = {
    'content-type': CONTENT_TYPE,
    'content-length': Buffer.byteLength(payload),
    host,
    'x-amz-date': time,
    'x-amz-target': target,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
  if (sessionToken) signed['x-amz-security-token'] = sessionToken;
  return signed;
}
