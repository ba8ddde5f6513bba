// The words of the wire: what frames are, and how they and what they speak of are named.
export const CMD = Object.freeze({
  HEART: 0, ACK: 1, ERROR: 5, HELLO: 6, MOVE: 7, RESYNC: 8, SINGLE: 10, ROOM: 11, NOTICE: 12,
  READ: 13, TYPING: 14, RECALL: 15, EDIT: 16, REACT: 17, PRESENCE: 18, EVENT: 19,
});

/** @typedef {{id?:number,userid?:number,cmd:number,dstid?:number,media?:number,content?:string,pic?:string,url?:string,
 * memo?:string,amount?:number,cid?:string,seq?:number,kind?:number,ref?:number,at?:number,error?:string,msg?:string,
 * ext?:Record<string,any>|null}} Message */

export const keyOf = (kind, dstid) => `${kind}:${dstid}`;

/** The dstid under which `me` files the conversation that a frame speaks of. */
export function peerOf(m, me) {
  const kind = kindOf(m);
  return kind === CMD.SINGLE && m.userid && m.userid !== me ? m.userid : m.dstid ?? 0;
}

export const kindOf = (m) => (isPost(m) ? m.cmd : m.kind ?? 0);
export const isPost = (m) => m.cmd === CMD.SINGLE || m.cmd === CMD.ROOM || m.cmd === CMD.NOTICE;

/** crypto.randomUUID is missing on plain HTTP, and a LAN server is often just that. */
export function newCID() {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  return Date.now().toString(16).padStart(12, '0') + Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}
