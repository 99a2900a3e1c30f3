"""An S3 (moto) on a free loopback port that checks signatures. Prints how to reach it, and ends with its standard input."""

import json
import logging
import sys
import urllib.request

import boto3
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").disabled = True
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
address = f"http://{host}:{port}"
admin = dict(
    endpoint_url=address, region_name="eu-central-1", aws_access_key_id="none", aws_secret_access_key="none")

# Who may do what: without this moto takes any signature.
iam = boto3.client("iam", **admin)
iam.create_user(UserName="hub")
key = iam.create_access_key(UserName="hub")["AccessKey"]
allow = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
iam.put_user_policy(UserName="hub", PolicyName="s3", PolicyDocument=json.dumps(allow))
boto3.client("s3", **admin).create_bucket(
    Bucket="hub-objects", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
urllib.request.urlopen(
    urllib.request.Request(
        f"{address}/moto-api/reset-auth", data=b"0", method="POST", headers={"content-type": "text/plain"}))

print(
    json.dumps({
        "endpoint": address, "bucket": "hub-objects", "region": "eu-central-1", "accessKeyID": key["AccessKeyId"],
        "secretAccessKey": key["SecretAccessKey"],
    }), flush=True)
sys.stdin.read()
server.stop()
