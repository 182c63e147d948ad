/*
 * pcaploop: pcap_loop() over a capture file with a callback that does
 * nothing, the yardstick for everything that reads packets through libpcap.
 */
#include <pcap/pcap.h>
#include <stdio.h>

static void on_packet(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
	(void)user;
	(void)header;
	(void)bytes;
}

int main(int argc, char **argv)
{
	char error[PCAP_ERRBUF_SIZE] = "";
	pcap_t *pcap;
	int rc;

	if (argc != 2) {
		fputs("usage: pcaploop FILE\n", stderr);
		return 2;
	}
	pcap = pcap_open_offline(argv[1], error);
	if (pcap == NULL) {
		fprintf(stderr, "pcaploop: %s\n", error);
		return 1;
	}
	rc = pcap_loop(pcap, -1, on_packet, NULL);
	if (rc < 0)
		fprintf(stderr, "pcaploop: %s: %s\n", argv[1], pcap_geterr(pcap));
	pcap_close(pcap);
	return rc < 0 ? 1 : 0;
}
