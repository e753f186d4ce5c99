import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesOf } from '../testing/index.ts';
import { createCaptureDecoder } from './capture-decoder.ts';
import {
  encodePcapNgInterface,
  encodePcapNgPacket,
  encodePcapNgPacketInto,
  encodePcapNgSection,
  pcapNgPacketLength,
} from './encode-pcapng.ts';

test('the bytes of a section and an interface', () => {
  expect(encodePcapNgSection()).toEqual(bytesOf('0a 0d 0d 0a 1c 00 00 00 4d 3c 2b 1a 01 00 00 00 ff ff ff ff ff ff ff ff 1c 00 00 00'));
  expect(encodePcapNgInterface({ linkType: 276, snapLength: 262_144, name: 'any' })).toEqual(
    bytesOf(
      '01 00 00 00 28 00 00 00 14 01 00 00 00 00 04 00',
      '02 00 03 00 61 6e 79 00',
      '09 00 01 00 06 00 00 00',
      '00 00 00 00 28 00 00 00',
    ),
  );
});

test('what is written is read again', () => {
  const packet = fc.record({
    microseconds: fc.integer({ min: 0, max: 4e15 }),
    bytes: fc.uint8Array({ maxLength: 80 }),
    cut: fc.nat(5000),
    interfaceId: fc.nat(1),
  });
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 8 }), (packets) => {
      const head = [
        encodePcapNgSection({ application: 'network-mapper' }),
        encodePcapNgInterface({ linkType: 1, snapLength: 0 }),
        encodePcapNgInterface({ linkType: 276, snapLength: 0, name: 'any' }),
      ];
      const blocks = packets.map(({ microseconds, bytes, cut, interfaceId }) =>
        encodePcapNgPacket({
          interfaceId,
          at: microseconds / 1000,
          bytes,
          offset: 0,
          capturedLength: bytes.length,
          originalLength: bytes.length + cut,
        }),
      );
      const decoder = createCaptureDecoder();
      decoder.push(bytesOf(...head, ...blocks));
      for (const { microseconds, bytes, cut, interfaceId } of packets) {
        expect(decoder.next()).toBe(true);
        const { record } = decoder;
        expect(record).toMatchObject({
          at: microseconds / 1000,
          originalLength: bytes.length + cut,
          linkType: interfaceId === 0 ? 1 : 276,
        });
        expect(record.bytes.subarray(record.offset, record.offset + record.capturedLength)).toEqual(bytes);
      }
      expect(decoder.next()).toBe(false);
      decoder.end();
      expect(decoder.problem).toBeUndefined();
    }),
  );
});

test('a packet that does not fit the target is not begun', () => {
  const packet = { interfaceId: 0, at: 0, bytes: new Uint8Array(5), offset: 0, capturedLength: 5, originalLength: 5 };
  const target = new Uint8Array(pcapNgPacketLength(5) + 3);
  expect(encodePcapNgPacketInto(target, 4, packet)).toBe(-1);
  expect(target).toEqual(new Uint8Array(target.length));
  expect(encodePcapNgPacketInto(target, 3, packet)).toBe(target.length);
});
