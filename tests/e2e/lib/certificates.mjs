/** A certificate authority of a test's own, and a certificate from it that clients can verify. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const quietly = (command, args) => execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });

/**
 * @param {string} dir where the files go
 * @param {string} name of the host
 * @param {string[]} also further subjectAltNames, as in 'IP:127.0.0.1'
 * @returns {{ca: string, cert: string, key: string}} paths
 */
export function makeCertificates(dir, name, also = []) {
  const path = (file) => join(dir, file);
  const fresh = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const authority = ['-keyout', path('ca.key'), '-out', path('ca.pem')];
  quietly('openssl', [...fresh, '-days', '2', '-subj', '/CN=Test authority', ...authority]);
  quietly('openssl', [
    ...[...fresh, '-days', '2', '-subj', `/CN=${name}`, '-CA', path('ca.pem'), '-CAkey', path('ca.key')],
    ...['-keyout', path('key.pem'), '-out', path('cert.pem')],
    ...['-addext', 'basicConstraints=critical,CA:FALSE'],
    ...['-addext', `subjectAltName=${[`DNS:${name}`, ...also].join(',')}`],
  ]);
  return { ca: path('ca.pem'), cert: path('cert.pem'), key: path('key.pem') };
}

/** A Firefox profile that trusts an authority for web sites. @param {string} dir an empty directory */
export function trustInProfile(dir, ca) {
  quietly('certutil', ['-N', '-d', `sql:${dir}`, '--empty-password']);
  quietly('certutil', ['-A', '-d', `sql:${dir}`, '-n', 'test', '-t', 'C,,', '-i', ca]);
}
