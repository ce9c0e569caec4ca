// SPDX-License-Identifier: GPL-2.0
/*
 * Cuts the network of one run: attached to its cgroup, these programs refuse new connections
 * and drop every packet of the sockets that were made there, loopback included.
 *
 * An object of its own, since it is attached to one cgroup for a while and the sensor to the
 * root of the tree for good. Programs of a cgroup look at where a socket was made, not at who
 * uses it now: those that were made elsewhere are ended by user space (enforcer/linux/network).
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#define SOCK_STREAM 1
#define TCP 6
#define TCP_RST 0x04

/* The call fails with EPERM. */
SEC("cgroup/connect4") int cut_connect4(struct bpf_sock_addr *ctx) { return 0; }
SEC("cgroup/connect6") int cut_connect6(struct bpf_sock_addr *ctx) { return 0; }
SEC("cgroup/sendmsg4") int cut_sendmsg4(struct bpf_sock_addr *ctx) { return 0; }
SEC("cgroup/sendmsg6") int cut_sendmsg6(struct bpf_sock_addr *ctx) { return 0; }

SEC("cgroup_skb/ingress") int cut_ingress(struct __sk_buff *skb) { return 0; }

/* Bytes before the TCP header; 0 for what is not TCP. IPv6 options before it count as "not TCP". */
static __always_inline __u32 before_tcp(struct __sk_buff *skb)
{
	__u8 first, protocol;

	if (bpf_skb_load_bytes(skb, 0, &first, 1))
		return 0;
	if (first >> 4 == 6)
		return bpf_skb_load_bytes(skb, 6, &protocol, 1) || protocol != TCP ? 0 : 40;
	return bpf_skb_load_bytes(skb, 9, &protocol, 1) || protocol != TCP ? 0 : (first & 15) * 4;
}

/*
 * A reset passes, so that the peer of a connection that is destroyed learns of it at once. It must
 * be the kernel's own: of a stream socket, and without data behind its header. With a raw
 * socket a program could write what it likes into one.
 */
SEC("cgroup_skb/egress") int cut_egress(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	__u32 at;
	__u8 length, flags;

	if (!sk)
		return 0;
	sk = bpf_sk_fullsock(sk);
	if (!sk || sk->type != SOCK_STREAM)
		return 0;
	at = before_tcp(skb);
	if (!at || bpf_skb_load_bytes(skb, at + 12, &length, 1) || bpf_skb_load_bytes(skb, at + 13, &flags, 1))
		return 0;
	return (flags & TCP_RST) && skb->len == at + (length >> 4) * 4;
}

char _license[] SEC("license") = "GPL";
