"""What Debian's python3-ipfix reads from a file of messages, as one JSON object a line.

    read_ipfix.py 9|ipfix FILE       under an interpreter that has the module `ipfix`

Dates are numbers: ns since 1970, of which the module keeps the microseconds.  Of NetFlow v9 the module takes SysUptime for what it is, so that
the message's own origin is added here as its TimeAdapter would (that class calls a name that does
not exist).
"""
import datetime
import json
import sys
import warnings

import ipfix.ie
import ipfix.reader
import ipfix.v9pdu

START = datetime.datetime(1970, 1, 1)


def plain(value):
    if isinstance(value, datetime.datetime):
        return round((value - START) / datetime.timedelta(microseconds=1)) * 1000
    if isinstance(value, bytes):
        return value.hex(":")
    return value if isinstance(value, (int, float)) else str(value)


def main(version, path):
    warnings.simplefilter("error")
    ipfix.ie.use_iana_default()
    with open(path, "rb") as stream:
        if version == "9":
            reader = ipfix.v9pdu.from_stream(stream)
        else:
            reader = ipfix.reader.from_stream(stream)
        for record in reader.namedict_iterator():
            record = {name: plain(value) for name, value in record.items()}
            if version == "9":
                for name in [name for name in record if name.endswith("SysUpTime")]:
                    record[name] = (round(reader.basetime_epoch * 1000) + record[name]) * 1_000_000
            print(json.dumps(record))


main(*sys.argv[1:])
