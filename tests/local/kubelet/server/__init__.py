"""What the kubelet serves: ports, exec, attach."""
