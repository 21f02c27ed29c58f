import json
import os

with open(os.environ["HOSTS"]) as file:
    groups = json.load(file)

controllers = [tuple(host) for host in groups["controllers"]]
workers = [tuple(host) for host in groups["workers"]]
