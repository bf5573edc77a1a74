"""Sends requests on ModelStreamInfer as fast as the server takes them, until it is killed; reads what comes."""

import sys

import grpc

METHOD = "/inference.GRPCInferenceService/ModelStreamInfer"


def main():
    address, request_file = sys.argv[1:]
    with open(request_file, "rb") as file:
        request = file.read()

    def requests():
        while True:
            yield request

    options = [("grpc.enable_http_proxy", 0), ("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(address, options=options) as channel:
        streams = [channel.stream_stream(METHOD)(requests()) for _ in range(4)]
        for count, _ in enumerate(streams[0]):
            if count == 20:
                print("streaming", flush=True)


if __name__ == "__main__":
    main()
