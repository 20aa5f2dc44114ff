"""What only an instance on a Redis Cluster has among its metrics: each name
with its labels. tests/cluster sees that it is so."""

SAMPLES = {
    "peal_redis_node_up": {"node", "role"},
    "peal_redis_node_slots": {"node"},
    "peal_redis_node_replicas": {"node"},
    "peal_redis_node_round_trip_seconds_sum": {"node"},
    "peal_redis_node_round_trip_seconds_count": {"node"},
}
