/*!
What npm's packages in editor.js, markdown.js and unzip.js ask to be told. MIT License unless another one is named.

CodeMirror, Lezer, style-mod, crelt, w3c-keyname, find-cluster-break: Copyright (C) 2018-2021 by Marijn Haverbeke
<marijn@haverbeke.berlin> and others
markdown-it: Copyright (c) 2014 Vitaly Puzrin, Alex Kocharin
linkify-it, mdurl: Copyright (c) 2015 Vitaly Puzrin, Alex Kocharin
punycode, uc.micro: Copyright Mathias Bynens <https://mathiasbynens.be/>
markdown-it-dollarmath: Copyright (c) 2021 Chris Sewell
fflate: Copyright (c) 2023 Arjun Barrett

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in
all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN
THE SOFTWARE.

entities, BSD 2-Clause License:

Copyright (c) Felix Böhm
All rights reserved.

Redistribution and use in source and binary forms, with or without modification, are permitted provided that the following
conditions are met:

Redistributions of source code must retain the above copyright notice, this list of conditions and the following disclaimer.

Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following disclaimer in
the documentation and/or other materials provided with the distribution.

THIS IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT
LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE
COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES
(INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS
INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE
OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS,
EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
*/
var g=Uint8Array,B=Uint16Array,zr=Int32Array,sr=new g([0,0,0,0,0,0,0,0,1,1,1,1,2,2,2,2,3,3,3,3,4,4,4,4,5,5,5,5,0,0,0,0]),fr=new g([0,0,0,0,1,1,2,2,3,3,4,4,5,5,6,6,7,7,8,8,9,9,10,10,11,11,12,12,13,13,0,0]),Ar=new g([16,17,18,0,8,7,9,6,10,5,11,4,12,3,13,2,14,1,15]),hr=function(r,n){for(var t=new B(31),e=0;e<31;++e)t[e]=n+=1<<r[e-1];for(var i=new zr(t[30]),e=1;e<30;++e)for(var f=t[e];f<t[e+1];++f)i[f]=f-t[e]<<5|e;return{b:t,r:i}},ur=hr(sr,2),lr=ur.b,Mr=ur.r;lr[28]=258,Mr[258]=28;var vr=hr(fr,0),Sr=vr.b,Pr=vr.r,K=new B(32768);for(o=0;o<32768;++o)M=(o&43690)>>1|(o&21845)<<1,M=(M&52428)>>2|(M&13107)<<2,M=(M&61680)>>4|(M&3855)<<4,K[o]=((M&65280)>>8|(M&255)<<8)>>1;var M,o,G=(function(r,n,t){for(var e=r.length,i=0,f=new B(n);i<e;++i)r[i]&&++f[r[i]-1];var u=new B(n);for(i=1;i<n;++i)u[i]=u[i-1]+f[i-1]<<1;var h;if(t){h=new B(1<<n);var v=15-n;for(i=0;i<e;++i)if(r[i])for(var c=i<<4|r[i],l=n-r[i],a=u[r[i]-1]++<<l,s=a|(1<<l)-1;a<=s;++a)h[K[a]>>v]=c}else for(h=new B(e),i=0;i<e;++i)r[i]&&(h[i]=K[u[r[i]-1]++]>>15-r[i]);return h}),O=new g(288);for(o=0;o<144;++o)O[o]=8;var o;for(o=144;o<256;++o)O[o]=9;var o;for(o=256;o<280;++o)O[o]=7;var o;for(o=280;o<288;++o)O[o]=8;var o,cr=new g(32);for(o=0;o<32;++o)cr[o]=5;var o;var Ur=G(O,9,1);var Fr=G(cr,5,1),Y=function(r){for(var n=r[0],t=1;t<r.length;++t)r[t]>n&&(n=r[t]);return n},m=function(r,n,t){var e=n/8|0;return(r[e]|r[e+1]<<8)>>(n&7)&t},j=function(r,n){var t=n/8|0;return(r[t]|r[t+1]<<8|r[t+2]<<16)>>(n&7)},Dr=function(r){return(r+7)/8|0},X=function(r,n,t){return(n==null||n<0)&&(n=0),(t==null||t>r.length)&&(t=r.length),new g(r.subarray(n,t))};var Tr=["unexpected EOF","invalid block type","invalid length/literal","invalid distance","stream finished","no stream handler",,"no callback","invalid UTF-8 data","extra field too long","date not in range 1980-2099","filename too long","stream finishing","invalid zip data"],p=function(r,n,t){var e=new Error(n||Tr[r]);if(e.code=r,Error.captureStackTrace&&Error.captureStackTrace(e,p),!t)throw e;return e},Cr=function(r,n,t,e){var i=r.length,f=e?e.length:0;if(!i||n.f&&!n.l)return t||new g(0);var u=!t,h=u||n.i!=2,v=n.i;u&&(t=new g(i*3));var c=function(ir){var ar=t.length;if(ir>ar){var or=new g(Math.max(ar*2,ir));or.set(t),t=or}},l=n.f||0,a=n.p||0,s=n.b||0,x=n.l,S=n.d,D=n.m,T=n.n,U=i*8;do{if(!x){l=m(r,a,1);var L=m(r,a+1,3);if(a+=3,L)if(L==1)x=Ur,S=Fr,D=9,T=5;else if(L==2){var H=m(r,a,31)+257,k=m(r,a+10,15)+4,d=H+m(r,a+5,31)+1;a+=14;for(var Z=new g(d),N=new g(19),y=0;y<k;++y)N[Ar[y]]=m(r,a+y*3,7);a+=k*3;for(var b=Y(N),gr=(1<<b)-1,yr=G(N,b,1),y=0;y<d;){var _=yr[m(r,a,gr)];a+=_&15;var z=_>>4;if(z<16)Z[y++]=z;else{var C=0,q=0;for(z==16?(q=3+m(r,a,3),a+=2,C=Z[y-1]):z==17?(q=3+m(r,a,7),a+=3):z==18&&(q=11+m(r,a,127),a+=7);q--;)Z[y++]=C}}var rr=Z.subarray(0,H),F=Z.subarray(H);D=Y(rr),T=Y(F),x=G(rr,D,1),S=G(F,T,1)}else p(1);else{var z=Dr(a)+4,P=r[z-4]|r[z-3]<<8,$=z+P;if($>i){v&&p(0);break}h&&c(s+P),t.set(r.subarray(z,$),s),n.b=s+=P,n.p=a=$*8,n.f=l;continue}if(a>U){v&&p(0);break}}h&&c(s+131072);for(var wr=(1<<D)-1,mr=(1<<T)-1,R=a;;R=a){var C=x[j(r,a)&wr],I=C>>4;if(a+=C&15,a>U){v&&p(0);break}if(C||p(2),I<256)t[s++]=I;else if(I==256){R=a,x=null;break}else{var nr=I-254;if(I>264){var y=I-257,E=sr[y];nr=m(r,a,(1<<E)-1)+lr[y],a+=E}var V=S[j(r,a)&mr],W=V>>4;V||p(3),a+=V&15;var F=Sr[W];if(W>3){var E=fr[W];F+=j(r,a)&(1<<E)-1,a+=E}if(a>U){v&&p(0);break}h&&c(s+131072);var tr=s+nr;if(s<F){var er=f-F,xr=Math.min(F,tr);for(er+s<0&&p(3);s<xr;++s)t[s]=e[er+s]}for(;s<tr;++s)t[s]=t[s-F]}}n.l=x,n.p=R,n.b=s,n.f=l,x&&(l=1,n.m=D,n.d=S,n.n=T)}while(!l);return s!=t.length&&u?X(t,0,s):t.subarray(0,s)};var Ir=new g(0);var A=function(r,n){return r[n]|r[n+1]<<8},w=function(r,n){return(r[n]|r[n+1]<<8|r[n+2]<<16|r[n+3]<<24)>>>0},J=function(r,n){return w(r,n)+w(r,n+4)*4294967296};function Br(r,n){return Cr(r,{i:2},n&&n.out,n&&n.dictionary)}var Q=typeof TextDecoder<"u"&&new TextDecoder,Zr=0;try{Q.decode(Ir,{stream:!0}),Zr=1}catch{}var Er=function(r){for(var n="",t=0;;){var e=r[t++],i=(e>127)+(e>223)+(e>239);if(t+i>r.length)return{s:n,r:X(r,t-1)};i?i==3?(e=((e&15)<<18|(r[t++]&63)<<12|(r[t++]&63)<<6|r[t++]&63)-65536,n+=String.fromCharCode(55296|e>>10,56320|e&1023)):i&1?n+=String.fromCharCode((e&31)<<6|r[t++]&63):n+=String.fromCharCode((e&15)<<12|(r[t++]&63)<<6|r[t++]&63):n+=String.fromCharCode(e)}};function Gr(r,n){if(n){for(var t="",e=0;e<r.length;e+=16384)t+=String.fromCharCode.apply(null,r.subarray(e,e+16384));return t}else{if(Q)return Q.decode(r);var i=Er(r),f=i.s,t=i.r;return t.length&&p(8),f}}var Or=function(r,n){return n+30+A(r,n+26)+A(r,n+28)},qr=function(r,n,t){var e=A(r,n+28),i=A(r,n+30),f=Gr(r.subarray(n+46,n+46+e),!(A(r,n+8)&2048)),u=n+46+e,h=Lr(r,u,i,t,w(r,n+20),w(r,n+24),w(r,n+42)),v=h[0],c=h[1],l=h[2];return[A(r,n+10),v,c,f,u+i+A(r,n+32),l]},Lr=function(r,n,t,e,i,f,u){var h=i==4294967295,v=f==4294967295,c=u==4294967295,l=n+t,a=h+v+c;if(e&&a){for(;n+4<l;n+=4+A(r,n+2))if(A(r,n)==1)return[h?J(r,n+4+8*v):i,v?J(r,n+4):f,c?J(r,n+4+8*(v+h)):u,1];e<2&&p(13)}return[i,f,u,0]};function pr(r,n){for(var t={},e=r.length-22;w(r,e)!=101010256;--e)(!e||r.length-e>65558)&&p(13);var i=A(r,e+8);if(!i)return{};var f=w(r,e+16),u=w(r,e-20)==117853008;if(u){var h=w(r,e-12);u=w(r,h)==101075792,u&&(i=w(r,h+32),f=w(r,h+48))}for(var v=n&&n.filter,c=0;c<i;++c){var l=qr(r,f,u),a=l[0],s=l[1],x=l[2],S=l[3],D=l[4],T=l[5],U=Or(r,T);f=D,(!v||v({name:S,size:s,originalSize:x,compression:a}))&&(a?a==8?t[S]=Br(r.subarray(U,U+s),{out:new g(x)}):p(14,"unknown compression type "+a):t[S]=X(r,U,U+s))}return t}var Nr=(r,n)=>pr(r,{filter:({name:t})=>n(t)});export{Nr as unzip};
