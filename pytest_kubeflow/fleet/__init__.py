"""Fleet: sessions on several clusters, side by side, and one page about all of them.

```
processes.py  the sessions as processes: begun, ended by signals, waited for
records.py    what each came to, read from its JSON document
page.py       the page, and the same as JSON
```
"""
