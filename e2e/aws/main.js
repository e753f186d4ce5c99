// Programs of the test of AWS visibility: AWS itself (moto), a cluster's DNS that knows where it is, and what calls it.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { rootCertificates } from 'node:tls';

const CERTIFICATES = '/certs';
const EVERY_MS = 250;

const roles = { aws, dns, client, sdk };
roles[process.argv[2]](...process.argv.slice(3));

function aws() {
  const certificate = ['-c', `${CERTIFICATES}/tls.crt`, '-k', `${CERTIFICATES}/tls.key`];
  spawn(process.env.PYTHON, ['-m', 'moto.server', '-H', '0.0.0.0', '-p', '8443', ...certificate], { stdio: 'inherit' });
}

/** Runs a program of an SDK; AWS's real certificates are known to every trust store, so what stands for them is added to this one's. */
function sdk(file, names) {
  const variable = file.endsWith('.py') ? 'AWS_CA_BUNDLE' : 'NODE_EXTRA_CA_CERTS';
  const given = process.env[variable];
  const files = [`${CERTIFICATES}/ca.crt`, ...(given !== undefined && existsSync(given) ? [given] : [])];
  writeFileSync('/tmp/ca.crt', files.map((name) => readFileSync(name, 'utf8')).join('\n'));
  writeFileSync(`/tmp/${file}`, readFileSync(`/app/${file}`, 'utf8').replaceAll(/(?:py|js)-/g, `${names}-`));
  symlinkSync('/app/node_modules', '/tmp/node_modules');
  const env = { ...process.env, [variable]: '/tmp/ca.crt', AWS_EC2_METADATA_DISABLED: 'true', HOME: '/tmp' };
  spawn(file.endsWith('.py') ? process.env.PYTHON : process.execPath, [`/tmp/${file}`], { stdio: 'inherit', env });
  // The pod stays, so that its log does.
  setInterval(() => undefined, 1_000_000);
}

/** Names under amazonaws.com are the Service "aws"; all others are asked of the real DNS. */
function dns() {
  const address = process.env.AWS_SERVICE_HOST.split('.').map(Number);
  const upstream = /^nameserver (\S+)/m.exec(readFileSync('/etc/resolv.conf', 'utf8'))[1];
  const server = createSocket('udp4');
  server.on('message', (query, client) => {
    let end = 12;
    while (query[end] !== 0) end += 1 + query[end];
    end += 5;
    // With its last label: names that a search list was added to are not AWS's.
    if (
      !query
        .toString('latin1', 12, end - 4)
        .toLowerCase()
        .endsWith('\tamazonaws\x03com\0')
    ) {
      const onward = createSocket('udp4');
      onward.send(query, 53, upstream);
      onward.once('message', (answer) => {
        server.send(answer, client.port, client.address);
        onward.close();
      });
      return;
    }
    const isIPv4 = query.readUInt16BE(end - 4) === 1;
    const head = Buffer.from(query.subarray(0, end));
    head.writeUInt16BE(0x8180, 2);
    head.writeUInt16BE(isIPv4 ? 1 : 0, 6);
    head.writeUInt32BE(0, 8);
    const record = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, ...address]);
    server.send(isIPv4 ? Buffer.concat([head, record]) : head, client.port, client.address);
  });
  server.bind(8053);
}

/** Prints a line for each call: when, and who signed the certificate that it met. */
function client() {
  const extra = process.env.NODE_EXTRA_CA_CERTS;
  const files = [`${CERTIFICATES}/ca.crt`, ...(extra !== undefined && existsSync(extra) ? [extra] : [])];
  const ca = [...rootCertificates, ...files.map((file) => readFileSync(file, 'utf8'))];
  const scope = 'AKIABZPUZDIKKU5JCF2E/20261121/us-east-1/sts/aws4_request';
  const again = () => setTimeout(client, EVERY_MS);
  const sent = request(
    {
      host: 'sts.us-east-1.amazonaws.com',
      path: '/?Action=GetCallerIdentity&Version=2011-06-15',
      agent: false,
      ca,
      headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0` },
      timeout: 3_000,
    },
    (response) => {
      process.stdout.write(`ok ${Date.now()} ${response.socket.getPeerCertificate().issuer.CN}\n`);
      response.resume();
      response.once('close', again);
    },
  );
  sent.once('timeout', () => sent.destroy(new Error('timeout')));
  sent.once('error', (error) => {
    process.stdout.write(`failed ${Date.now()} ${error.message}\n`);
    again();
  });
  sent.end();
}
