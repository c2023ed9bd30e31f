"""What must be known of one deployed endpoint to call it."""

from __future__ import annotations

from pydantic import Field, SecretStr

from readingroom.domain.value import Value

DEFAULT_ARM = "https://management.azure.com"


class EndpointConfig(Value):
    """One model's endpoint, as settings name it."""

    address: str
    """Its scoring URL, or its ARM resource ID (/subscriptions/.../onlineEndpoints/<name>)."""
    key: SecretStr | None = None
    """An endpoint key or AML token; without one Entra is asked (azure-identity)."""
    deployment: str = Field(default="", pattern=r"^[A-Za-z0-9_-]{0,64}$")
    """Sent as azureml-model-deployment where it is named."""
    instances: int | None = Field(default=None, gt=0)
    concurrency: int | None = Field(default=None, gt=0)
    """max_concurrent_requests_per_instance; with `instances` it gives the admission limit 2 x both."""
    timeout: float = Field(default=90, gt=0, le=180)
    """Seconds for one call; the published deployments set 90, the service allows 180 at most."""
    deadline: float = Field(default=600, gt=0)
    """Seconds for one request with all its retries and waits, from when it was first sent."""
    arm: str = DEFAULT_ARM
    """Base URL of Azure Resource Manager; AZUREML_DEV_URL_MFE moves it."""
    proxy: SecretStr | None = None
    """An HTTP proxy to go through, with its user and password where it asks for them; the environment's is not used."""
