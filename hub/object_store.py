"""The S3 client that every process uses; the embedded store and a cloud's differ by settings alone."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from hub.config import HubConfig, hub_config

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHUNK_BYTES = 2**20
URL_SECONDS = 900


class ObjectMissingError(Exception):
    """No object lies under this key."""


@dataclass(frozen=True)
class Part:
    """One uploaded part of a multipart upload, as the store answered it."""

    number: int
    etag: str


class ObjectStore:
    """One bucket. Keys come from hub.keys alone."""

    def __init__(self, config: HubConfig) -> None:
        self.bucket = config.s3_bucket
        self.client = _client(config, config.s3_endpoint)
        # Browsers may reach the store by another name than the processes do, and the name is part of the signature.
        self.public = _client(config, config.s3_public_endpoint or config.s3_endpoint)

    def put(self, key: str, content: bytes, media_type: str) -> str:
        """Store bytes, checked by the store on arrival; returns their SHA-256 in hex."""
        self.client.put_object(
            Bucket=self.bucket, Key=key, Body=content, ContentType=media_type, ChecksumAlgorithm="SHA256"
        )
        return hashlib.sha256(content).hexdigest()

    def put_file(self, key: str, path: Path, media_type: str = "application/octet-stream") -> None:
        self.client.upload_file(str(path), self.bucket, key, ExtraArgs={"ContentType": media_type})

    def get(self, key: str) -> bytes:
        """The whole object. Raises ObjectMissingError."""
        return b"".join(self.stream(key))

    def stream(self, key: str, first: int = 0, last: int | None = None) -> Iterator[bytes]:
        """The object in chunks of at most 1 MiB, from byte `first` to `last` inclusive. Raises ObjectMissingError."""
        span = f"bytes={first}-{'' if last is None else last}"
        try:
            body = self.client.get_object(Bucket=self.bucket, Key=key, Range=span)["Body"]
        except ClientError as error:
            raise _translated(error, key) from error
        yield from body.iter_chunks(CHUNK_BYTES)

    def size(self, key: str) -> int:
        """Bytes of the object. Raises ObjectMissingError."""
        try:
            return self.client.head_object(Bucket=self.bucket, Key=key)["ContentLength"]
        except ClientError as error:
            raise _translated(error, key) from error

    def copy(self, source: str, target: str) -> None:
        self.client.copy({"Bucket": self.bucket, "Key": source}, self.bucket, target)

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=key)

    def start_multipart(self, key: str) -> str:
        """Begin an upload in parts; returns the store's id for it."""
        return self.client.create_multipart_upload(Bucket=self.bucket, Key=key)["UploadId"]

    def presign_part(self, key: str, upload_id: str, number: int, size: int) -> str:
        """A URL that accepts one PUT of exactly `size` bytes within 15 minutes; numbers start at 1."""
        return self.public.generate_presigned_url(
            "upload_part",
            Params={
                "Bucket": self.bucket,
                "Key": key,
                "UploadId": upload_id,
                "PartNumber": number,
                "ContentLength": size,
            },
            ExpiresIn=URL_SECONDS,
        )

    def complete_multipart(self, key: str, upload_id: str, parts: Sequence[Part]) -> None:
        listed = sorted(parts, key=lambda part: part.number)
        self.client.complete_multipart_upload(
            Bucket=self.bucket,
            Key=key,
            UploadId=upload_id,
            MultipartUpload={"Parts": [{"ETag": part.etag, "PartNumber": part.number} for part in listed]},
        )

    def abort_multipart(self, key: str, upload_id: str) -> None:
        self.client.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload_id)

    def ensure_bucket(self, allowed_origins: Sequence[str] = ("*",)) -> None:
        """Create the bucket if it is missing, and let browsers PUT parts to it and read their ETags."""
        existing = {bucket["Name"] for bucket in self.client.list_buckets()["Buckets"]}
        if self.bucket not in existing:
            self.client.create_bucket(Bucket=self.bucket)
        self.client.put_bucket_cors(
            Bucket=self.bucket,
            CORSConfiguration={
                "CORSRules": [
                    {
                        "AllowedMethods": ["PUT"],
                        "AllowedOrigins": list(allowed_origins),
                        "AllowedHeaders": ["*"],
                        "ExposeHeaders": ["ETag"],
                    }
                ]
            },
        )


@cache
def object_store() -> ObjectStore:
    return ObjectStore(hub_config())


def _client(config: HubConfig, endpoint: str) -> "S3Client":
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=config.s3_region,
        aws_access_key_id=config.s3_access_key,
        aws_secret_access_key=config.s3_secret_key,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            retries={"max_attempts": 4, "mode": "standard"},
            connect_timeout=5,
            read_timeout=30,
        ),
    )


def _translated(error: ClientError, key: str) -> Exception:
    if error.response.get("Error", {}).get("Code") in {"404", "NoSuchKey", "NotFound"}:
        return ObjectMissingError(f"Nothing is stored under {key!r}.")
    return error
