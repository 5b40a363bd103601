{{! The page is complete without this. It shows the password, warns while it is typed and keeps one choice at a time. }}
{{! Elements with an id are global names: other, password, secret, reveal, show, warning. }}
onpageshow=oninput=onchange=event=>{
var by=event.target,key=password.value,picked=by.type=="radio",row,text;
document.querySelectorAll("[type=radio]").forEach(radio=>{
if(picked||by==other)radio.checked=radio==by;
if(radio.checked)row=radio.parentNode
});
if(picked)other.value="";
{{! A row without a lock is an open network's. }}
password.disabled=secret.hidden=row&&!row.querySelector("u");
password.type=show.checked?"text":"password";
reveal.hidden=0;
text=/^ | $/.test(key)?"{{_key_spaces}}":/^[\da-f]{64}$/i.test(key)?"{{_key_hex}}":"";
{{! The same again would be read out again. }}
if(warning.textContent!=text)warning.textContent=text
}
