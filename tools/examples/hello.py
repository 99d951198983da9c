import halp

with halp.open() as h:
    for host in h.lookup("chat"):
        print(host.host, host.port)
