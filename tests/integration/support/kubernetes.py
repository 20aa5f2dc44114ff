"""Checks a set of Kubernetes manifests: unknown or missing fields, and names
that refer to nothing."""

import re

from kubernetes import client

# Debian 12's client library is one release too old for autoscaling/v2; v2beta2
# has the same fields
AUTOSCALER = ("V2HorizontalPodAutoscaler"
              if hasattr(client, "V2HorizontalPodAutoscaler")
              else "V2beta2HorizontalPodAutoscaler")
MODELS = {
    ("apps/v1", "Deployment"): "V1Deployment",
    ("v1", "ConfigMap"): "V1ConfigMap",
    ("v1", "Service"): "V1Service",
    ("networking.k8s.io/v1", "Ingress"): "V1Ingress",
    ("policy/v1", "PodDisruptionBudget"): "V1PodDisruptionBudget",
    ("autoscaling/v2", "HorizontalPodAutoscaler"): AUTOSCALER,
}
PLAIN = {"str": str, "int": int, "bool": bool, "float": (int, float),
         "object": (str, int, dict)}


# ---- a manifest and the API

def wrong_in_list(kind, value, where):
    if not isinstance(value, list):
        yield f"{where}: no list"
        return
    for index, item in enumerate(value):
        yield from wrong_in(kind, item, f"{where}[{index}]")


def wrong_in_map(kind, value, where):
    if not isinstance(value, dict):
        yield f"{where}: no map"
        return
    for key, item in value.items():
        yield from wrong_in(kind, item, f"{where}.{key}")


def wrong_in_model(kind, value, where):
    model = getattr(client, kind)
    if not isinstance(value, dict):
        yield f"{where}: no {kind}"
        return
    names = {shown: name for name, shown in model.attribute_map.items()}
    for key in value.keys() - names.keys():
        yield f"{where}.{key}: {kind} has no such field"
    given = {names[key]: item for key, item in value.items() if key in names}
    try:
        model(**given)  # raises if a required field is missing
    except ValueError as error:
        yield f"{where}: {error}"
    for name, item in given.items():
        yield from wrong_in(model.openapi_types[name], item,
                            f"{where}.{model.attribute_map[name]}")


def wrong_in(kind, value, where):
    of_list = re.fullmatch(r"list\[(.*)\]", kind)
    of_map = re.fullmatch(r"dict\(str, (.*)\)", kind)
    if of_list:
        yield from wrong_in_list(of_list[1], value, where)
    elif of_map:
        yield from wrong_in_map(of_map[1], value, where)
    elif kind in PLAIN:
        is_bool = isinstance(value, bool)
        if not isinstance(value, PLAIN[kind]) or is_bool != (kind == "bool"):
            yield f"{where}: {value!r} is no {kind}"
    else:
        yield from wrong_in_model(kind, value, where)


def wrong_fields(manifests):
    for manifest in manifests:
        kind = manifest.get("apiVersion"), manifest.get("kind")
        if kind not in MODELS:
            yield f"{kind}: not known here"
            continue
        yield from wrong_in(MODELS[kind], manifest, kind[1])


# ---- references by name

class Names:
    """The manifests by kind; each kind occurs once."""

    def __init__(self, manifests):
        self.by_kind = {manifest["kind"]: manifest for manifest in manifests}
        self.deployment = self.by_kind["Deployment"]
        self.template = self.deployment["spec"]["template"]
        self.pod = self.template["spec"]
        self.container, = self.pod["containers"]
        self.ports = {port["name"]: port["containerPort"]
                      for port in self.container["ports"]}

    def name(self, kind):
        return self.by_kind[kind]["metadata"]["name"]

    def environment(self):
        return {item["name"]: item["value"] for item in self.container["env"]}

    def probes(self):
        return {kind: self.container[kind]["httpGet"] for kind in
                ("startupProbe", "livenessProbe", "readinessProbe")}

    def secret_files(self):
        """The path of each file in the container -> its key in the secret."""
        volume, = [volume for volume in self.pod["volumes"]
                   if "secret" in volume]
        mount, = [mount for mount in self.container["volumeMounts"]
                  if mount["name"] == volume["name"]]
        return {f"{mount['mountPath']}/{item['path']}": item["key"]
                for item in volume["secret"]["items"]}


def wrong_selectors(names):
    labels = names.template["metadata"]["labels"].items()
    spec = {kind: manifest.get("spec", {})
            for kind, manifest in names.by_kind.items()}
    selectors = {
        "Deployment": spec["Deployment"]["selector"]["matchLabels"],
        "Service": spec["Service"]["selector"],
        "PodDisruptionBudget":
            spec["PodDisruptionBudget"]["selector"]["matchLabels"],
        **{"topologySpreadConstraints": rule["labelSelector"]["matchLabels"]
           for rule in names.pod["topologySpreadConstraints"]},
    }
    for kind, selector in selectors.items():
        if not selector or not selector.items() <= labels:
            yield f"{kind}: selects no pod of the Deployment"


def wrong_ports(names):
    for kind, probe in names.probes().items():
        if probe["port"] not in names.ports:
            yield f"{kind}: the container has no port {probe['port']}"
    of_service = names.by_kind["Service"]["spec"]["ports"]
    for port in of_service:
        if port["targetPort"] not in names.ports:
            yield f"Service: the pods have no port {port['targetPort']}"
    scraped = names.template["metadata"]["annotations"]["prometheus.io/port"]
    if scraped not in map(str, names.ports.values()):
        yield f"prometheus.io/port: the pods have no port {scraped}"
    for rule in names.by_kind["Ingress"]["spec"]["rules"]:
        for path in rule["http"]["paths"]:
            service = path["backend"]["service"]
            if service["name"] != names.name("Service"):
                yield f"Ingress: there is no Service {service['name']}"
            if service["port"]["name"] not in [port["name"]
                                               for port in of_service]:
                yield f"Ingress: the Service has no port {service['port']}"


def wrong_target(names):
    target = names.by_kind["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    deployment = names.deployment
    if target != {"apiVersion": deployment["apiVersion"], "kind": "Deployment",
                  "name": deployment["metadata"]["name"]}:
        yield "HorizontalPodAutoscaler: its target is not there"
    if "replicas" in deployment["spec"]:
        yield "Deployment: replicas would undo what the autoscaler does"


def wrong_volumes(names, secret, keys):
    """`secret` and `keys`: created by the commands in the README."""
    volumes = {volume["name"]: volume for volume in names.pod["volumes"]}
    mounts = [mount["name"] for mount in names.container["volumeMounts"]]
    if sorted(volumes) != sorted(mounts):
        yield f"volumes {sorted(volumes)}, mounted {sorted(mounts)}"
        return
    for volume in volumes.values():
        if volume.get("configMap", {}).get("name") not in (
                None, names.name("ConfigMap")):
            yield "Deployment: there is no such ConfigMap"
        if volume.get("secret", {}).get("secretName") not in (None, secret):
            yield "Deployment: nobody creates this secret"
    files = names.secret_files()
    if sorted(files.values()) != sorted(keys):
        yield f"the secret has {sorted(keys)}, used {sorted(files.values())}"
    for name, value in names.environment().items():
        if name.endswith("_FILE") and value not in files:
            yield f"{name}: {value} is not mounted"


def wrong_names(manifests, secret, keys):
    names = Names(manifests)
    yield from wrong_selectors(names)
    yield from wrong_ports(names)
    yield from wrong_target(names)
    yield from wrong_volumes(names, secret, keys)
