"""Retries: what was lost on the way, how long it is asked for again, and by whom.

Six clients send what this plugin asks: the gateway's sessions, the Kubernetes client, kfp.Client,
ML Metadata, S3, predictors. Each has one RetryPolicy, and that alone repeats: urllib3 and the SDKs
below make one attempt, and the code above asks once. Where a whole operation has to be done anew (a
create whose response was lost, a login, a body that is read later), it is the same policy that
repeats it, and what is asked inside shares its time: attempts are never multiplied.

- `outage`: what is no verdict: an Outage, in the server's or the system's words
- `statuses`: which responses are outages; Retry-After
- `network`: which errors of sockets, urllib3, requests and http.client are
- `policy`: RetryPolicy
- `attempts`: single requests, for whoever measures
- `tally`: how many responses were lost, for the report

The engine is tenacity. urllib3's own Retry counts attempts and knows no deadline, sees neither
bodies (a page of HTML, a 500 that says "try again", half a response) nor gRPC, does not ask what an
attempt has done before it makes another, and is below each SDK: what is above would multiply it.
"""
