"""Metrics that only an instance on a Redis Cluster has, with their labels.
tests/cluster verifies the list."""

SAMPLES = {
    "peal_redis_node_up": {"node", "role"},
    "peal_redis_node_slots": {"node"},
    "peal_redis_node_replicas": {"node"},
    "peal_redis_node_round_trip_seconds_sum": {"node"},
    "peal_redis_node_round_trip_seconds_count": {"node"},
}
