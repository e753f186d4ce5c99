export { canonicalAddress, formatAddress, parseAddress } from './address.ts';
export { createCaptureDecoder } from './capture/capture-decoder.ts';
export type { CaptureDecoder } from './capture/capture-decoder.ts';
export { MAX_CAPTURED_LENGTH } from './capture/capture-record.ts';
export type { CaptureFormat, CaptureProblem, CaptureProblemReason, CaptureRecord } from './capture/capture-record.ts';
export {
  encodePcapNgInterface,
  encodePcapNgPacket,
  encodePcapNgPacketInto,
  encodePcapNgSection,
  pcapNgPacketLength,
} from './capture/encode-pcapng.ts';
export type { PcapNgInterface, PcapNgPacket, PcapNgSection } from './capture/encode-pcapng.ts';
export * from './dns/constants.ts';
export { decodeDnsAnswer, MAX_CHAIN_LENGTH } from './dns/dns-answer.ts';
export type { DnsAnswer } from './dns/dns-answer.ts';
export { decodeDnsMessage } from './dns/dns-message.ts';
export type { DnsMessage, DnsQuestion, DnsRecord } from './dns/dns-message.ts';
export type { DnsOptData, DnsRecordData, DnsServiceData, DnsSoaData } from './dns/dns-record-data.ts';
export type { DnsStreamCounts, OnDnsMessage } from './dns/dns-stream.ts';
export * from './dns/dns-streams.ts';
export { FRAME_REASONS } from './frame/frame-cursor.ts';
export type { FrameReason } from './frame/frame-cursor.ts';
export * from './frame/frame-decoder.ts';
export * from './frame/link-layer.ts';
export * from './frame/packet-view.ts';
