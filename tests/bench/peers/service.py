"""The same two operations as an HTTPS service in Python: FastAPI, uvicorn (uvloop
and httptools), asyncpg with a pool and prepared statements (its default).

uvicorn does not hand a peer's certificate to the application, so its fingerprint
comes in a header: less work than the other services have."""
import base64
import os

import asyncpg
from fastapi import FastAPI, HTTPException, Request, Response
from pydantic import BaseModel

CAST = """SELECT receipt FROM call.cast_ballot(NULL, NULL, NULL, NULL, NULL,
    $1, $2, $3, $4)"""
SHEET = """SELECT row_to_json(r)::text FROM call.show_evaluation($1, $2, NULL, NULL,
    NULL, $3) r"""
app = FastAPI()


class Ballot(BaseModel):
    session_id: str
    token: str
    sealed: str
    signature: str


@app.on_event("startup")
async def startup():
    size = int(os.environ["POOL"])
    app.pool = await asyncpg.create_pool(os.environ["DB"], min_size=size, max_size=size)


@app.post("/cast")
async def cast(ballot: Ballot):
    try:
        receipt = await app.pool.fetchval(CAST, ballot.session_id, *map(
            base64.b64decode, (ballot.token, ballot.sealed, ballot.signature)))
    except asyncpg.PostgresError as e:
        raise HTTPException(409, str(e))
    return {"receipt": base64.b64encode(receipt).decode()}


@app.get("/sheet")
async def sheet(request: Request, application: str, acting: str):
    try:
        body = await app.pool.fetchval(SHEET, bytes.fromhex(request.headers["x-certificate"]),
                                       acting, application)
    except asyncpg.PostgresError as e:
        raise HTTPException(409, str(e))
    return Response(body, media_type="application/json")
